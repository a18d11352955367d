"use strict";
// A form with data-try is sent there while someone types, and the element "result" of the answer is put in its place.
(() => {
  const form = document.querySelector("form[data-try]");
  if (!form) return;
  let timer;
  let running;
  const look = async () => {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.dataset.try, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { "rollcall-live": "result" },
        credentials: "same-origin",
        signal: running.signal,
      });
      if (answer.status === 401) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [there, here] = [page.getElementById("result"), document.getElementById("result")];
      if (there && here && there.innerHTML !== here.innerHTML) here.replaceChildren(...document.adoptNode(there).childNodes);
    } catch {
      // Typed on, or the server is away: the next key tries again.
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 300);
  });
})();
