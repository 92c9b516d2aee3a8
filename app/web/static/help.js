// The help: the keys and what the page shows, opened with "?".

const help = document.getElementById("help");

document.getElementById("help-open").addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
  if (event.key === "?" && !isTyping && !help.open) help.showModal();
});
help.addEventListener("click", (event) => {
  if (event.target === help) help.close(); // beside it
});
