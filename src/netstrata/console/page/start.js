// A change of the network makes browsers give up what they are loading, from this machine too, and such changes are
// what is looked at here: so begin again, a few times.

function again() {
  const times = Number(sessionStorage.getItem("again") ?? 0);
  if (times >= 8) return;
  sessionStorage.setItem("again", String(times + 1));
  setTimeout(() => location.reload(), 100 + 100 * times);
}

/** @type {NodeListOf<HTMLLinkElement>} */
const sheets = document.querySelectorAll("link[rel=stylesheet]");
const dressed = () => [...sheets].every((link) => link.sheet);

import("./main.js").then(
  () => {
    const check = () => (dressed() ? sessionStorage.removeItem("again") : again());
    if (document.readyState === "complete") check();
    else window.addEventListener("load", check);
  },
  (error) => {
    console.warn(`beginning again: ${error.message}`);
    again();
  },
);
