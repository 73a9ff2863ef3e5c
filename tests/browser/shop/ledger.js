// The shop's own record of when its page was in sight and in focus, for the tests to hold the collector's against.
const state = () => [performance.now(), document.visibilityState === "visible" && document.hasFocus()];
const entries = [];
const note = () => {
  entries.push(state());
  sessionStorage.setItem("ledger", JSON.stringify(entries));
};
for (const name of ["focus", "blur", "pagehide"]) window.addEventListener(name, note);
document.addEventListener("visibilitychange", note);
