// What both services of a lab system share: the release they belong to, answers, start and stop.
'use strict';

const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');

// in a container the host's name must be told
const HOST = process.env.HOST_NAME || os.hostname();
const release = JSON.parse(fs.readFileSync(path.join(__dirname, 'release.json'), 'utf8'));

// A proxy in front that keeps its connections for 60 s must never meet one that we have just closed.
const KEEP_ALIVE_MS = 65_000;
// A stop must end within 10 s; a request still running then is cut off.
const STOP_MS = 9_500;

let stopping = false;

function answer(response, status, body, { type = 'application/json', headers = {} } = {}) {
  const bytes = Buffer.from(type === 'application/json' ? JSON.stringify(body) + '\n' : body);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    'X-Release': release.version,
    ...(stopping ? { Connection: 'close' } : {}),
    ...headers,
  });
  response.end(bytes);
  if (status === 200) crashLater();
}

// After its first good answer, so that whoever starts it has seen it well, however slow the machine is.
let crashing = release.crash_after_seconds === null;
function crashLater() {
  if (crashing) return;
  crashing = true;
  setTimeout(() => fail(`${release.version} crashes, as its release.json says`), release.crash_after_seconds * 1000);
}

// A table of `METHOD /path` -> function (request, response, url).
function serve(name, routes) {
  if (release.exit_at_start) fail(`${name} ${release.version} exits at its start, as its release.json says`);
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://service');
    if (release.fail_behind_edge && url.pathname !== '/health' && request.headers['x-forwarded-for']) {
      return answer(response, 500, { error: `${release.version} fails behind the edge` });
    }
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return answer(response, 404, { error: `no ${request.method} ${url.pathname}` });
    try {
      await route(request, response, url);
    } catch (error) {
      console.error(`${name}: ${request.method} ${url.pathname}: ${error.message}`);
      if (!response.headersSent) answer(response, 500, { error: error.message });
      else response.destroy();
    }
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  server.on('error', (error) => fail(`${name}: ${error.code}: ${error.message}`));

  const port = Number(process.env.PORT);
  const starting = setTimeout(() => {
    server.listen(port, '0.0.0.0', () => {
      console.log(`${name} ${release.version} listens on ${port}, host ${HOST}, slot ${process.env.SLOT || '-'}`);
    });
  }, release.start_delay_seconds * 1000);

  function stop(signal) {
    if (stopping) return;
    stopping = true;
    clearTimeout(starting);
    const end = () => {
      console.log(`${name} ${release.version} stopped after ${signal}`);
      process.exit(0);
    };
    setTimeout(() => {
      console.error(`${name}: requests still ran after ${STOP_MS} ms and were cut off`);
      end();
    }, STOP_MS);
    if (!server.listening) return end();
    server.close(end);
    server.closeIdleConnections();
  }
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}

function fail(words) {
  console.error(words);
  process.exit(1);
}

// Reject when an answer takes longer: a host that was cut off sends neither data nor an error.
function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Ask in the background and remember: health checks may come thousands of times a second.
// A change of the answer is logged once.
function probe(what, everyMs, ask) {
  const state = { ok: false, error: 'not asked yet' };
  const round = async () => {
    const before = state.error;
    try {
      await ask();
      Object.assign(state, { ok: true, error: null });
    } catch (error) {
      Object.assign(state, { ok: false, error: error.message || error.code || String(error) });
    }
    if (state.error && state.error !== before) console.error(`${what}: ${state.error}`);
    setTimeout(round, everyMs).unref();
  };
  round();
  return state;
}

module.exports = { HOST, answer, fail, probe, release, serve, within };
