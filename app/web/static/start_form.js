// The form that starts a lecture: says what it will be called, and loses nothing that was typed.

const DRAFT = "lecture-draft"; // until the lecture has started, also if somebody else was faster
const form = document.getElementById("start");

function nameIt(title, course) {
  title.placeholder = `${course.value.trim() || form.dataset.untitled}, ${form.dataset.day}`;
}

if (form) {
  const { title, course } = form.elements;
  const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  if (draft) [title.value, course.value] = [draft.title, draft.course];
  nameIt(title, course);
  const keep = (isSent) => sessionStorage.setItem(DRAFT, JSON.stringify({ title: title.value, course: course.value, isSent }));
  form.addEventListener("input", () => {
    nameIt(title, course);
    keep(false);
  });
  form.addEventListener("submit", () => keep(true));
} else if (document.getElementById("note") && JSON.parse(sessionStorage.getItem(DRAFT) ?? "null")?.isSent) {
  sessionStorage.removeItem(DRAFT); // it was started
}
