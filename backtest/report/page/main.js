import { fanChart, missChart } from './fan.js';
import { costChart, fleetChart, poolChart } from './fleet.js';
import { formatTime } from './format.js';
import { interruptionChart } from './interruptions.js';
import { delayChart, shardChart } from './shard.js';
import { loadAll, onView, resetView, view } from './timechart.js';

const CHARTS = {
  fleet: fleetChart,
  pool: poolChart,
  cost: costChart,
  interruptions: interruptionChart,
  shard: shardChart,
  delay: delayChart,
  fan: fanChart,
  miss: missChart,
};
for (const element of document.querySelectorAll('[data-chart]')) {
  CHARTS[element.dataset.chart](element, Number(element.dataset.index));
}

const byId = (id) => document.getElementById(id);
const cards = [...document.querySelectorAll('.shard')];

function filter() {
  const wanted = byId('filter').value.trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    card.hidden = !card.dataset.name.toLowerCase().includes(wanted);
    if (!card.hidden) shown++;
  }
  for (const card of document.querySelectorAll('.fan'))
    card.hidden = !card.dataset.name.toLowerCase().includes(wanted);
  byId('shown').textContent = shown === cards.length ? '' : `${shown} of ${cards.length} shards`;
}
byId('filter').addEventListener('input', filter);

byId('sort').addEventListener('change', ({ target }) => {
  const key = target.value;
  const sorted = key === 'index' ? cards : cards.toSorted((a, b) => b.dataset[key] - a.dataset[key]);
  byId('shards').append(...sorted);
});

const toMinute = (time) => formatTime(Math.round(time / 60) * 60);
onView((whole) => {
  byId('reset').hidden = whole;
  byId('range').textContent = `${toMinute(view.min)} – ${toMinute(view.max)} UTC`;
});
byId('reset').addEventListener('click', resetView);
loadAll();
