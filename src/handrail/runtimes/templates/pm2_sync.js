// Written by handrail. Makes what PM2 runs equal to what is enabled; starts PM2's daemon unless the unit has it already.
// What a start was asked for (NAME.asked) is made anew unless it runs; all else is left to PM2's next try.
'use strict';

const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const { promisify } = require('util');

// For PM2's answers, beyond the time that programs have to stop. It never answers when two daemons start at once.
const SECONDS = 20;
const ALIVE = ['online', 'launching', 'waiting restart'];
const STEADY = ['online', 'stopped', 'errored'];
// From a program's end to its start by PM2, on a busy host.
const RESTART_MS = 500;
// What a program gets to see of our own environment: as much as systemd gives.
const SEEN = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG'];

// Set by systemd when the unit has its daemon.
const ours = process.env.MAINPID;
const bin = process.env.PATH.split(':').map((folder) => `${folder}/pm2`).find(fs.existsSync);
const pm2 = require(path.dirname(path.dirname(fs.realpathSync(bin))));
const pidFile = process.env.PM2_PID_FILE_PATH;
const call = (verb, ...words) => promisify(pm2[verb].bind(pm2))(...words);

function processes(folder) {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const there = files.filter((file) => file.endsWith('.json') && fs.existsSync(`${folder}/${file}`));
  return there.map((file) => path.basename(file, '.json'));
}

function runs(one) {
  return one.pm2_env.status === 'online' && one.pid > 0;
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (gone) {
    return '';
  }
}

function named(pid) {
  const words = read(`/proc/${pid}/environ`).split('\0');
  return (words.find((word) => word.startsWith('name=')) || '').slice('name='.length);
}

function children(parent) {
  const tasks = `/proc/${parent}/task`;
  const threads = fs.existsSync(tasks) ? fs.readdirSync(tasks) : [];
  const lists = threads.map((thread) => read(`${tasks}/${thread}/children`));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}

// Whoever is deleted while PM2 starts it again, for its memory say, may run on: PM2 knows nothing of it any more, and its
// port is taken. What PM2 lists is asked after the look at what there is: what is new by then is PM2's own.
async function endStrays(known) {
  const ours = children(read(pidFile).trim()).filter((pid) => known.includes(named(pid)));
  const list = await call('list');
  for (const pid of ours.filter((each) => !list.some((one) => one.pid === each))) {
    console.error(`${named(pid)}, process ${pid}, was lost by PM2: it is killed`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch (gone) {
      // It ended by itself meanwhile.
    }
  }
  return list;
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
  const alive = await new Promise((answer) => pm2.Client.pingDaemon(answer));
  // A daemon outside of our unit ends with somebody's login, and may have brought back what ran months ago.
  if (alive && !ours) execFileSync(bin, ['kill']);
  expect(SECONDS);
  await call('connect');
  const list = await endStrays(known);
  const asked = (one) => fs.existsSync(`${__dirname}/enabled/${one.name}.asked`);
  const well = (one) => (asked(one) ? runs(one) : ALIVE.includes(one.pm2_env.status));
  const good = (one) => enabled.includes(one.name) && well(one);
  const bad = list.filter((one) => known.includes(one.name) && !good(one));
  expect(SECONDS + Math.max(0, ...bad.map((one) => one.pm2_env.kill_timeout || 0)) / 1000);
  await Promise.all(bad.map((one) => call('delete', one.pm_id)));
  if (bad.some((one) => !STEADY.includes(one.pm2_env.status))) {
    await new Promise((passed) => setTimeout(passed, RESTART_MS));
    await endStrays(known);
  }
  const missing = enabled.filter((name) => !list.some((one) => one.name === name && good(one)));
  for (const name of Object.keys(process.env)) if (!SEEN.includes(name)) delete process.env[name];
  const apps = missing.map((name) => JSON.parse(fs.readFileSync(`${__dirname}/${name}.json`, 'utf8')));
  const started = apps.length ? await call('start', { apps }) : [];
  if (started.length < apps.length) return `PM2 started ${started.length} of ${missing.join(', ')}`;
  return ours || fs.existsSync(pidFile) ? '' : 'somebody has started another daemon of PM2 meanwhile';
}

sync().then(end, (error) => end(error.message || String(error)));
