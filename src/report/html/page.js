'use strict';
// Sorts tables by their headers: rising, falling, as they were.
for (const table of document.querySelectorAll('.table table')) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const names = new Intl.Collator('en', { numeric: true });
  const number = (text) => parseFloat(text.replace(/,/g, ''));

  // What was not measured comes last, whichever way.
  const compare = (column, isName, way) => (a, b) => {
    const [x, y] = [a, b].map((row) => row.cells[column].textContent);
    if (isName) return way * names.compare(x, y);
    const [p, q] = [number(x), number(y)];
    if (isNaN(p) || isNaN(q)) return isNaN(p) - isNaN(q);
    return way * (p - q);
  };

  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const next = { ascending: 'descending', descending: '' };
      const old = head.getAttribute('aria-sort');
      const order = old in next ? next[old] : 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      const sorted = [...rows];
      if (order) {
        head.setAttribute('aria-sort', order);
        const way = order === 'ascending' ? 1 : -1;
        sorted.sort(compare(column, head.classList.contains('t'), way));
      }
      body.append(...sorted);
    });
  });
}

// A box that scrolls can be reached by the keyboard.
const boxes = document.querySelectorAll('.paper');
const reach = () => {
  for (const box of boxes) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  }
};
reach();
addEventListener('resize', reach);
// Paper shows what is folded away.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
