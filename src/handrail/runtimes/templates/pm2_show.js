// Prints lines since a time, without the colon after their own. They stay as they are: a program may print any bytes.
'use strict';

const since = process.argv[1];
let rest = '';

function shown(line) {
  return line.slice(0, since.length) >= since ? `${line.replace(': ', ' ')}\n` : '';
}

process.stdin.setEncoding('latin1').on('data', (chunk) => {
  if (!chunk.includes('\n')) {
    rest += chunk;
    return;
  }
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  process.stdout.write(lines.map(shown).join(''), 'latin1');
});
