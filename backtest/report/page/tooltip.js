import { data } from './data.js';
import { formatNumber, formatSpan, formatTime } from './format.js';

const tip = document.getElementById('tip');

/** Makes an element; text goes in as text, never as markup. */
export function h(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== undefined && child !== ''));
  return element;
}

/** @param {number} x @param {number} y in the window @param {Node[]} content */
export function showTip(x, y, content) {
  tip.replaceChildren(...content);
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 18 + width > innerWidth ? Math.max(8, x - 18 - width) : x + 18;
  const top = Math.min(Math.max(8, y - height / 2), innerHeight - height - 8);
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  tip.style.visibility = 'visible';
}

export function hideTip() {
  tip.style.visibility = 'hidden';
}

/** Rows of name and value; rows without a value are left out. */
export function facts(rows) {
  const list = h('dl');
  for (const [name, value] of rows)
    if (value !== undefined) list.append(h('dt', '', name), h('dd', '', value));
  return list;
}

/** One move or action in full: what happened, by which rule, with the numbers behind it and how it ended. */
export function eventCard(table, row, unit) {
  const word = (name) => table.words[name].dictionary[table.words[name].index[row]];
  const number = (name) => {
    const value = table.numbers[name][row];
    return Number.isNaN(value) ? undefined : formatNumber(value);
  };
  const rule = word('rule');
  const { ahead, after, median } = table.numbers;
  const outcome = word('outcome');
  const considered = word('considered');
  const withUnit = (text) => (text === undefined ? undefined : `${text} ${unit}`.trim());
  return h(
    'div',
    'event',
    h('strong', '', `${word('subject')}: ${word('step')}`),
    h('p', '', `${formatTime(table.at[row])} UTC · ${rule}: ${data.rules[rule] ?? ''}`),
    facts([
      ['decided for', Number.isNaN(ahead[row]) ? undefined : `${formatSpan(ahead[row])} ahead`],
      [
        'forecast 50 / 90 / 99 %',
        Number.isNaN(median[row]) ? undefined : withUnit(['median', 'q90', 'q99'].map(number).join(' / ')),
      ],
      ['need', withUnit(number('need'))],
      ['have', withUnit(number('have'))],
      ['value over cost', number('value')],
      [
        'outcome',
        outcome === ''
          ? undefined
          : outcome + (Number.isNaN(after[row]) ? '' : ` after ${formatSpan(after[row])}`),
      ],
    ]),
    considered === '' ? '' : h('p', '', `Considered: ${considered.split('\n').join('; ')}`),
  );
}
