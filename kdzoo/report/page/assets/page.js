"use strict";
(() => {
  const told = (id) => JSON.parse(document.getElementById(id).textContent);
  const rows = told("rows");
  const axes = told("axes"); // [field, title] of what may stand on the x axis
  const symbols = { pipeline: "x", torch: "circle", onnx: "triangle-up", "onnx-int8": "diamond", sklearn: "square" };
  const signs = { pipeline: "✕", torch: "●", onnx: "▲", "onnx-int8": "◆", sklearn: "■" };
  const hidden = { approach: new Set(), runtime: new Set(), model: new Set() };
  const picture = document.getElementById("picture");
  const axis = document.getElementById("axis");
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (group) => style(`--${group}`) || style("--ink");
  const shown = () =>
    rows.filter((row) => Object.keys(hidden).every((key) => !hidden[key].has(row[key])));

  // what a row gives: as the machine read it whose latency stands on the x axis
  const quality = (row, field) => row.on[field] ?? row;
  const size = (row) => 9 + 1.6 * Math.sqrt(row.size_mb ?? 0); // of its marker, in pixels
  const models = (visible) => [...new Set(visible.map((row) => row.model))];

  const escaped = (text) =>
    text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

  function traces(visible, field) {
    const groups = new Map();
    for (const row of visible) {
      const name = `${row.group}, ${row.runtime}`;
      groups.set(name, [...(groups.get(name) ?? []), row]);
    }
    return [...groups].map(([name, own]) => ({
      type: "scatter",
      mode: "markers",
      name,
      x: own.map((row) => row[field]),
      y: own.map((row) => quality(row, field).accuracy),
      error_y: { type: "data", array: own.map((row) => quality(row, field).sd ?? 0), thickness: 1, width: 3 },
      hovertext: own.map((row) => quality(row, field).hover.map(escaped).join("<br>")),
      hoverinfo: "text",
      marker: {
        color: colour(own[0].group),
        symbol: symbols[own[0].runtime] ?? "cross",
        size: own.map(size),
        line: { color: style("--ground"), width: 1 },
        opacity: 0.85,
      },
    }));
  }

  // through the runtimes of each model
  function joined(visible, field) {
    return models(visible).map((model) => {
      const own = visible.filter((row) => row.model === model).sort((a, b) => a[field] - b[field]);
      return {
        type: "scatter", mode: "lines", hoverinfo: "skip", opacity: 0.4,
        x: own.map((row) => row[field]), y: own.map((row) => quality(row, field).accuracy),
        line: { color: colour(own[0].group), width: 1, dash: own[0].group === "change" ? "dash" : "solid" },
      };
    });
  }

  // between two rows nothing can be had but the cheaper one: steps, no slopes
  function front(visible, field) {
    const accuracy = (row) => quality(row, field).accuracy;
    const ordered = [...visible].sort((a, b) => a[field] - b[field] || accuracy(b) - accuracy(a));
    const best = [];
    for (const row of ordered) {
      if (!best.length || accuracy(row) > accuracy(best[best.length - 1])) best.push(row);
    }
    return {
      type: "scatter", mode: "lines", name: "Pareto front", hoverinfo: "skip",
      x: best.map((row) => row[field]), y: best.map(accuracy),
      line: { color: style("--front"), width: 1.5, shape: "hv" },
    };
  }

  // what the axes show: all rows with their bars, and room for names
  function limits(visible, field) {
    const xs = visible.map((row) => Math.log10(row[field]));
    const ends = visible.map((row) => quality(row, field)).flatMap(({ accuracy, sd }) =>
      [accuracy - (sd ?? 0), accuracy + (sd ?? 0)]);
    const around = (values, share, least) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = share * Math.max(high - low, least);
      return [low - room, high + room];
    };
    return { x: around(xs, 0.12, 0.5), y: around(ends, 0.08, 2) };
  }

  // 1, 2 and 5 times the powers of ten; where there is little room, those alone
  function ticks([low, high], narrow) {
    const values = [];
    for (let power = Math.floor(low); power <= high; power += 1) {
      for (const times of [1, 2, 5]) values.push(Number(`${times}e${power}`));
    }
    const inside = values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
    const tens = inside.filter((value) => Number.isInteger(Number(Math.log10(value).toFixed(6))));
    const tickvals = narrow && inside.length > 6 && tens.length > 1 ? tens : inside;
    return { tickvals, ticktext: tickvals.map((value) => `${value}`) };
  }

  const overlap = (a, b) =>
    Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const SIDES = [[1, 1], [1, -1], [-1, 1], [-1, -1], [1, 0], [-1, 0], [0, 1], [0, -1]]; // right, up

  // each model's name beside its cheapest row, where it covers least; left out where there is no room
  function names(visible, field, range, width, height) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = "12px sans-serif";
    const place = (row) => ({
      x: ((Math.log10(row[field]) - range.x[0]) / (range.x[1] - range.x[0])) * width,
      y: ((range.y[1] - quality(row, field).accuracy) / (range.y[1] - range.y[0])) * height,
    });
    const box = ({ x, y }, across, up) =>
      ({ left: x - across, right: x + across, top: y - up, bottom: y + up });
    const perPoint = height / (range.y[1] - range.y[0]);
    const taken = visible.flatMap((row) => [
      box(place(row), size(row) / 2, size(row) / 2),
      box(place(row), 3, (quality(row, field).sd ?? 0) * perPoint),
    ]);
    const written = [];
    return models(visible).flatMap((model) => {
      const own = visible.filter((row) => row.model === model);
      const row = own.reduce((best, each) => (each[field] < best[field] ? each : best));
      const [across, up] = [pen.measureText(model).width / 2 + 2, 8];
      const { x, y } = place(row);
      const choices = [3, 16].flatMap((away) => SIDES.map(([right, upwards]) => {
        const reach = size(row) / 2 * (right && upwards ? 0.75 : 1) + away;
        const centre = { x: x + right * (reach + across), y: y - upwards * (reach + up) };
        const own_box = box(centre, across, up);
        const inside = overlap(own_box, { left: 0, right: width, top: 0, bottom: height });
        const covered = (others) => others.reduce((sum, other) => sum + overlap(own_box, other), 0);
        const cost = covered(taken) + 10 * covered(written) + 100 * (4 * across * up - inside) + away;
        return { own_box, centre, cost };
      }));
      const best = choices.reduce((one, other) => (other.cost < one.cost ? other : one));
      if (best.cost > 2 * across * up) return [];
      written.push(best.own_box);
      return [{
        text: escaped(model), showarrow: false, font: { size: 12, color: style("--ink") },
        x: Math.log10(row[field]), y: quality(row, field).accuracy,
        xshift: best.centre.x - x, yshift: y - best.centre.y,
      }];
    });
  }

  const frame = () => ({
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: style("--ink"), family: "inherit" },
    hoverlabel: { align: "left" },
  });
  const grid = () => ({ gridcolor: style("--line"), zeroline: false });
  const settings = { responsive: true, displaylogo: false, displayModeBar: false };

  function draw() {
    if (!picture) return;
    const field = axis.value;
    const visible = shown().filter((row) => row[field] != null && quality(row, field).accuracy != null);
    const narrow = picture.clientWidth < 640;
    const margin = { l: 56, r: 12, t: 8, b: 56 };
    const range = visible.length ? limits(visible, field) : { x: [0, 1], y: [0, 100] };
    const [width, height] = [
      picture.clientWidth - margin.l - margin.r, picture.clientHeight - margin.t - margin.b];
    const title = axis.selectedOptions[0].textContent;
    const layout = {
      ...frame(),
      margin,
      xaxis: { ...grid(), type: "log", range: range.x, ...ticks(range.x, narrow),
        title: { text: escaped(title), font: { size: narrow ? 12 : 14 } } },
      yaxis: { ...grid(), range: range.y, title: { text: escaped(picture.dataset.quality) } },
      showlegend: false,
      annotations: names(visible, field, range, width, height),
    };
    const drawn = [front(visible, field), ...joined(visible, field), ...traces(visible, field)];
    Plotly.react(picture, drawn, layout, settings);
  }

  function choice(key, sign) {
    const box = document.getElementById(`choose-${key}`);
    for (const value of [...new Set(rows.map((row) => row[key]))]) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "checkbox";
      input.checked = true;
      input.value = value;
      input.addEventListener("change", () => {
        hidden[key][input.checked ? "delete" : "add"](value);
        draw();
        filterTable();
      });
      label.append(input, " ", ...sign(value), value);
      box.append(label);
    }
  }

  // what a colour and a shape stand for, beside the boxes that choose them
  function dot(approach) {
    const mark = document.createElement("span");
    mark.textContent = "⬤ ";
    mark.style.color = `var(--${rows.find((row) => row.approach === approach).group}, var(--ink))`;
    return [mark];
  }

  function filterTable() {
    const visible = new Set(shown().map((row) => row.id));
    for (const line of document.querySelectorAll("tr[data-row]")) {
      line.hidden = !visible.has(line.dataset.row);
    }
  }

  const number = (text) => Number.parseFloat(text.replace(/[,\s]/g, "").replace("\u2212", "-"));

  function sortable(table) {
    const body = table.tBodies[0];
    table.querySelectorAll("thead button").forEach((button, column) => {
      button.addEventListener("click", () => {
        const head = button.closest("th");
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const text = (line) => line.cells[column].textContent.trim();
        const compare = (a, b) => {
          const [first, second] = [number(text(a)), number(text(b))];
          if (Number.isNaN(first) !== Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1;
          const order = Number.isNaN(first) ? text(a).localeCompare(text(b)) : first - second;
          return ascending ? order : -order;
        };
        body.append(...[...body.rows].sort(compare));
      });
    });
  }

  // a table that is cut says so, as long as there is more to its right
  function hint(box) {
    const scroll = box.querySelector(".scroll");
    const look = () => {
      const left = scroll.scrollWidth - scroll.clientWidth;
      box.classList.toggle("more", left - scroll.scrollLeft > 1);
      box.querySelector(".further").hidden = left <= 1;
    };
    scroll.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(scroll);
    look();
  }

  function curves() {
    for (const box of document.querySelectorAll(".curve")) {
      const known = new Set();
      const lines = JSON.parse(box.dataset.lines).map((line) => {
        const kind = line.dashed ? "hard labels" : "distilled";
        const isFirst = !known.has(kind);
        known.add(kind);
        return {
          type: "scatter", mode: "lines", name: kind, legendgroup: kind, showlegend: isFirst,
          x: line.steps, y: line.values, hovertext: line.name, hoverinfo: "x+y+text",
          line: { dash: line.dashed ? "dot" : "solid", width: 1.6,
            color: style(line.dashed ? "--faint" : "--compression") },
        };
      });
      const layout = {
        ...frame(),
        margin: { l: 48, r: 8, t: 48, b: 36 },
        title: { text: escaped(box.dataset.title), font: { size: 13 }, y: 0.97, yanchor: "top" },
        xaxis: { ...grid(), title: { text: "step" } },
        yaxis: { ...grid() },
        legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      };
      Plotly.react(box, lines, layout, settings);
    }
  }

  if (picture) {
    for (const [field, title] of axes) axis.append(new Option(title, field));
    axis.addEventListener("change", draw);
    choice("approach", dot);
    choice("runtime", (runtime) => [`${signs[runtime] ?? "✚"} `]);
    choice("model", () => []);
    new ResizeObserver(draw).observe(picture);
  }
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".table").forEach(hint);
  const everything = () => { draw(); curves(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
  everything();
})();
