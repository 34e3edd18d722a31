// Runs at most `count` tasks at a time; the others wait in order.

export function lanes(count) {
  const waiting = [];
  let running = 0;

  function next() {
    if (running >= count || waiting.length === 0) return;
    running += 1;
    const { task, resolve, reject } = waiting.shift();
    task().then(resolve, reject).finally(() => {
      running -= 1;
      next();
    });
  }

  /** Returns the promise of what the task returns, once it had its turn. */
  return (task) =>
    new Promise((resolve, reject) => {
      waiting.push({ task, resolve, reject });
      next();
    });
}
