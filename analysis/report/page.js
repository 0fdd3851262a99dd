"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const chart = document.getElementById("chart");
  const axis = document.getElementById("axis");
  const log = document.getElementById("log");
  const boxes = [...document.querySelectorAll("input[name=arm]")];
  const seeds = document.getElementById("seeds");
  const names = [...new Set(data.lines.map((line) => line.arm))];
  const averaged = new Set(data.bands.map((band) => band.arm));

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // A logarithmic axis cannot show points at 0.
  const placed = (values) => values.map((x) => (x > 0 || !log.checked ? x : null));

  const isShown = (arm) => boxes[names.indexOf(arm)].checked;

  const ink = (of) => (of.colour === data.baseline ? colour("--ink") : of.colour);

  // Of an arm with several seeds: thin, and only on demand.
  const trace = (line) => ({
    type: "scatter",
    mode: averaged.has(line.arm) ? "lines" : "lines+markers",
    name: averaged.has(line.arm) ? `${line.arm}, seed ${line.seed}` : line.arm,
    x: placed(line[axis.value]),
    y: line.accuracy,
    visible: isShown(line.arm) && (!averaged.has(line.arm) || seeds.checked),
    opacity: averaged.has(line.arm) ? 0.5 : 1,
    line: { color: ink(line), width: averaged.has(line.arm) ? 1 : 2, dash: line.dash },
    marker: { size: 5 },
    hovertemplate: "%{y:.1%} at %{x:.4s}",
  });

  // The lower bound, the upper bound with the area between them, and the mean.
  const band = (of) => {
    const values = of[axis.value];
    const part = (name, more) => ({
      type: "scatter", mode: "lines", name: of.arm, x: placed(values.x), y: values[name],
      visible: isShown(of.arm), hoverinfo: "skip", line: { width: 0 }, ...more,
    });
    return [
      part("low", {}),
      part("high", { fill: "tonexty", fillcolor: faint(ink(of)) }),
      part("mean", {
        hoverinfo: "all", hovertemplate: "mean %{y:.1%} at %{x:.4s}",
        line: { color: ink(of), width: 2.5, dash: of.dash },
      }),
    ];
  };

  // "#rrggbb" with 18 % opacity.
  const faint = (hex) => `${hex}2e`;

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

  const traces = () => [...data.bands.flatMap(band), ...data.lines.map(trace)];

  const draw = () => Plotly.react(chart, traces(), layout(),
    { responsive: true, displaylogo: false, displayModeBar: false });

  const theme = document.getElementById("theme");
  const show = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    theme.textContent = dark ? "Light" : "Dark";
    theme.setAttribute("aria-pressed", String(dark));
    draw();
  };

  theme.addEventListener("click", () => show(root.dataset.theme !== "dark"));
  for (const control of [axis, log, seeds, ...boxes]) control?.addEventListener("change", draw);
  window.addEventListener("beforeprint", () => show(false));
  show(window.matchMedia("(prefers-color-scheme: dark)").matches);
})();
