// The description of the API, to read and to try: Swagger UI, loaded before as `SwaggerUIBundle`.

import { csrfToken, fetchJson } from "./requests.js";

const viewer = document.getElementById("viewer");
const darkness = matchMedia("(prefers-color-scheme: dark)");

// Swagger UI knows no "as the system", but a class of the page.
const followLook = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);

// What the viewer should show of the description. It would fill every example of a parameter into its field, so that
// one click deleted lecture 12: the sentence says it instead. The session's cookie can't be typed in.
function forViewer(description) {
  delete description.components.securitySchemes.session;
  for (const operation of Object.values(description.paths).flatMap(Object.values)) {
    operation.security = operation.security.filter((each) => !("session" in each));
    for (const parameter of operation.parameters ?? []) {
      const example = parameter.example ?? parameter.schema.example;
      parameter.description += ` For example \`${example}\`.`;
      delete parameter.example;
      delete parameter.schema.example;
    }
  }
  return description;
}

// A pasted key signs a request alone; without one the session does, as on any other page.
function sign(request) {
  if (request.headers.Authorization) request.credentials = "omit";
  else if (request.method !== "GET") request.headers["X-CSRFToken"] = csrfToken();
  return request;
}

// Events have no end, so the viewer would wait for ever.
const withoutEndless = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: (allows) => (state, path, method) => !path.endsWith("/events") && allows(state, path, method),
      },
    },
  },
});

darkness.addEventListener("change", followLook);
followLook();
SwaggerUIBundle({
  domNode: viewer,
  spec: forViewer(await fetchJson(viewer.dataset.description)),
  plugins: [withoutEndless],
  requestInterceptor: sign,
  showMutatedRequest: false, // the curl line is for programs, which have no token of a form
  tryItOutEnabled: true,
  displayRequestDuration: true,
  filter: true,
  syntaxHighlight: { theme: "obsidian" }, // the default's red is too dark on its ground
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // its default asks another server
});
