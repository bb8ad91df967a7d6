"use strict";

/* Without this file everything works. With it, a link signs in without pasting, and slider and field move together. */

function takeCodeFromAddress() {
  const field = document.getElementById("credential");
  if (!field || location.hash.length < 20) return;
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("enter").focus();
}

function localTime(moment) {
  const shifted = new Date(moment.getTime() - 3 * 3600 * 1000);
  return shifted.toISOString().slice(0, 19);
}

document.addEventListener("input", (event) => {
  const slider = event.target;
  if (slider.id !== "step") return;
  const first = Date.parse(slider.dataset.first);
  const last = Date.parse(slider.dataset.last);
  const moment = new Date(first + (last - first) * (slider.value / slider.max));
  document.getElementById("at").value = localTime(moment);
});

takeCodeFromAddress();
addEventListener("hashchange", takeCodeFromAddress);
