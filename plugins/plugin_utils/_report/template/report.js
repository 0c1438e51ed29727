// Filtering, and nothing else: without it the page shows everything.
(function () {
  "use strict";
  var form = document.getElementById("filter"), q = document.getElementById("q"), state = document.getElementById("state");
  var count = document.getElementById("count"), hosts = [].slice.call(document.querySelectorAll("article.host"));
  var lines = [].slice.call(document.querySelectorAll(".matrix tbody tr")), texts = [], timer = 0;
  function text(number) {
    if (texts[number] === undefined) { texts[number] = hosts[number].textContent.toLowerCase(); }
    return texts[number];
  }
  function apply() {
    var wanted = q.value.trim().toLowerCase(), letter = state.value, shown = 0;
    hosts.forEach(function (host, number) {
      var named = host.querySelector("h3").textContent.toLowerCase().indexOf(wanted) >= 0;
      var fits = (!wanted || text(number).indexOf(wanted) >= 0) && (!letter || host.querySelector("tbody." + letter) !== null);
      host.hidden = !fits;
      if (lines[number]) { lines[number].hidden = !fits; }
      if (!fits) { return; }
      shown += 1;
      var rows = [].slice.call(host.querySelectorAll(".ports tbody tr:not(:first-child)"));
      var hits = rows.filter(function (row) {
        return (!wanted || named || row.textContent.toLowerCase().indexOf(wanted) >= 0) && (!letter || row.parentNode.className === letter);
      });
      // What fits may stand elsewhere in the section: then all of its rows stay.
      rows.forEach(function (row) { row.hidden = hits.length > 0 && hits.indexOf(row) < 0; });
      [].forEach.call(host.querySelectorAll(".ports tbody"), function (group) {
        group.hidden = group.querySelector("tr:not(:first-child):not([hidden])") === null;
      });
    });
    count.textContent = wanted || letter ? shown + " of " + hosts.length + " hosts" : "";
  }
  function later() { clearTimeout(timer); timer = setTimeout(apply, 120); }
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  q.addEventListener("input", later);
  state.addEventListener("change", apply);
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); q.focus(); }
    if (event.key === "Escape" && document.activeElement === q) { q.value = ""; apply(); }
  });
  // A link leads to a section that the filter hides: show everything again.
  function reveal() {
    var target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (target && target.hidden) { q.value = ""; state.value = ""; apply(); target.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  // Browsers keep what stood in a field when a page is loaded again.
  if (q.value || state.value) { apply(); }
})();
