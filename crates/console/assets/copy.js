// Copying the value of a field, and saying so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.select();
    document.execCommand("copy");
  }
  const word = button.querySelector("[aria-hidden]");
  const before = word.textContent;
  word.textContent = button.dataset.copied;
  let said = document.getElementById("said");
  if (!said) {
    said = document.createElement("p");
    said.id = "said";
    said.className = "sr-only";
    said.setAttribute("role", "status");
    document.body.append(said);
  }
  said.textContent = button.dataset.copied;
  setTimeout(() => {
    word.textContent = before;
    said.textContent = "";
  }, 2000);
});
