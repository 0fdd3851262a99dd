"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const chart = document.getElementById("chart");
  const axis = document.getElementById("axis");
  const log = document.getElementById("log");
  const boxes = [...document.querySelectorAll("input[name=arm]")];
  const names = [...new Set(data.lines.map((line) => line.arm))];
  const seeds = new Set(data.lines.map((line) => line.seed)).size;

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // A logarithmic axis cannot show points at 0.
  const placed = (line) => line[axis.value].map((x) => (x > 0 || !log.checked ? x : null));

  const trace = (line) => ({
    type: "scatter",
    mode: "lines+markers",
    name: seeds > 1 ? `${line.arm}, seed ${line.seed}` : line.arm,
    x: placed(line),
    y: line.accuracy,
    visible: boxes[names.indexOf(line.arm)].checked,
    line: { color: line.colour === data.baseline ? colour("--ink") : line.colour, width: 2 },
    marker: { size: 5 },
    hovertemplate: "%{y:.1%} at %{x:.4s}",
  });

  const level = (accuracy) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: accuracy, y1: accuracy,
    line: { color: colour("--quiet"), dash: "dash", width: 1 },
  });

  const name = (accuracy) => ({
    xref: "paper", x: 0, xanchor: "left", y: accuracy, yanchor: "bottom", showarrow: false,
    text: "majority class", font: { color: colour("--quiet"), size: 12 },
  });

  const layout = () => ({
    paper_bgcolor: colour("--paper"),
    plot_bgcolor: colour("--paper"),
    font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 13 },
    margin: { l: 60, r: 15, t: 10, b: 50 },
    showlegend: false,
    hovermode: "closest",
    xaxis: {
      title: { text: data.axes[axis.value] },
      type: log.checked ? "log" : "linear",
      dtick: log.checked ? "D2" : null,
      gridcolor: colour("--line"), zerolinecolor: colour("--line"),
    },
    yaxis: {
      title: { text: data.title }, tickformat: ".0%",
      gridcolor: colour("--line"), zerolinecolor: colour("--line"),
    },
    shapes: data.levels.map(level),
    annotations: data.levels.map(name),
  });

  const draw = () => Plotly.react(chart, data.lines.map(trace), layout(),
    { responsive: true, displaylogo: false, displayModeBar: false });

  const theme = document.getElementById("theme");
  const show = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    theme.textContent = dark ? "Light" : "Dark";
    theme.setAttribute("aria-pressed", String(dark));
    draw();
  };

  theme.addEventListener("click", () => show(root.dataset.theme !== "dark"));
  for (const control of [axis, log, ...boxes]) control.addEventListener("change", draw);
  window.addEventListener("beforeprint", () => show(false));
  show(window.matchMedia("(prefers-color-scheme: dark)").matches);
})();
