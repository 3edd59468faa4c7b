// Written by handrail. Makes what PM2 runs equal to what is enabled; `boot` starts PM2's daemon as well.
'use strict';

const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const { promisify } = require('util');

// For PM2's answers, beyond the time that programs have to stop.
const SECONDS = 60;
const ALIVE = ['online', 'launching', 'waiting restart'];
// What a program gets to see of our own environment: as much as systemd gives.
const SEEN = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG'];

const bin = process.env.PATH.split(':').map((folder) => `${folder}/pm2`).find(fs.existsSync);
const pm2 = require(path.dirname(path.dirname(fs.realpathSync(bin))));
const call = (verb, ...words) => promisify(pm2[verb].bind(pm2))(...words);

function processes(folder) {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return files.filter((file) => file.endsWith('.json')).map((file) => path.basename(file, '.json'));
}

function expect(seconds) {
  clearTimeout(expect.timer);
  expect.timer = setTimeout(() => end(`PM2 did not answer within ${seconds} s`), seconds * 1000);
}

function end(reason) {
  if (reason) console.error(reason);
  process.exit(reason ? 1 : 0);
}

async function sync() {
  const known = processes(__dirname);
  const enabled = processes(`${__dirname}/enabled`);
  expect(SECONDS);
  const alive = await new Promise((answer) => pm2.Client.pingDaemon(answer));
  // Somebody else's daemon ends with somebody else's session, and may have brought back what ran months ago.
  if (alive && process.argv[2] === 'boot') execFileSync(bin, ['kill']);
  await call('connect');
  const list = await call('list');
  const good = (one) => enabled.includes(one.name) && ALIVE.includes(one.pm2_env.status);
  const bad = list.filter((one) => known.includes(one.name) && !good(one));
  expect(SECONDS + Math.max(0, ...bad.map((one) => one.pm2_env.kill_timeout || 0)) / 1000);
  await Promise.all(bad.map((one) => call('delete', one.pm_id)));
  const missing = enabled.filter((name) => !list.some((one) => one.name === name && good(one)));
  for (const name of Object.keys(process.env)) if (!SEEN.includes(name)) delete process.env[name];
  const apps = missing.map((name) => JSON.parse(fs.readFileSync(`${__dirname}/${name}.json`, 'utf8')));
  const started = apps.length ? await call('start', { apps }) : [];
  return started.length === apps.length ? '' : `PM2 started ${started.length} of ${missing.join(', ')}`;
}

sync().then(end, (error) => end(error.message || String(error)));
