"use strict";
// Parts of a page that follow what happens: an element with data-live and an id is fetched anew, and put in its place
// when it is another. Nothing else of the page changes, and nothing that someone is typing in. Where the page may be the
// answer to a form, whose address is another, data-live is the page's own.
(() => {
  const follow = (first) => {
    const id = first.id;
    const pause = Number(first.dataset.liveMs) || 2000;
    const look = async () => {
      const here = document.getElementById(id);
      if (!here || !("live" in here.dataset)) return;
      if (!document.hidden && !here.contains(document.activeElement)) {
        try {
          const answer = await fetch(here.dataset.live || location.href, { headers: { "rollcall-live": id }, credentials: "same-origin" });
          if (answer.status === 401 || answer.redirected) return location.reload();
          if (answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const there = page.getElementById(id);
            if (there && there.innerHTML !== here.innerHTML && !here.contains(document.activeElement)) {
              here.replaceWith(document.adoptNode(there));
              prepare(document.getElementById(id));
            }
          }
        } catch {
          // The server is away: look again later.
        }
      }
      setTimeout(look, pause);
    };
    setTimeout(look, pause);
  };
  // What only a script can do is shown by it, and what is for those without is not.
  const prepare = (root) => {
    for (const element of root.querySelectorAll("[data-copy]")) element.hidden = false;
    for (const element of root.querySelectorAll("[data-without-script]")) element.hidden = true;
  };
  prepare(document);
  for (const element of document.querySelectorAll("[data-live][id]")) follow(element);
})();
