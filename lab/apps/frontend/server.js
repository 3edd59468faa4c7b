// The frontend of a lab system: one page with what the backend says of itself.
'use strict';

const http = require('http');
const { answer, probe, release, serve, within } = require('../service');

const PROBE_MS = 500;
const PROBE_TIMEOUT_MS = 3000;
const PAGE_TIMEOUT_MS = 8000;
const CACHE_MS = 1000;

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const address = new URL('/api/version', process.env.BACKEND_URL);

function get(retry = true) {
  return new Promise((resolve, reject) => {
    const request = http.get(address, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`the backend answers ${response.statusCode}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('error', (error) => {
      // the backend may have closed a kept connection in the moment we used it
      if (retry && request.reusedSocket) get(false).then(resolve, reject);
      else reject(error);
    });
  });
}

const ask = (milliseconds) => within(milliseconds, 'the backend', get());
const backend = probe('backend', PROBE_MS, () => ask(PROBE_TIMEOUT_MS));

// One question at a time, its answer good for a second.
let cached = { until: 0, answer: null };
function backendVersion() {
  if (Date.now() > cached.until) {
    const fresh = { until: Date.now() + CACHE_MS, answer: ask(PAGE_TIMEOUT_MS) };
    fresh.answer.catch(() => (fresh.until = 0));
    cached = fresh;
  }
  return cached.answer;
}

function health(request, response) {
  const body = { status: backend.ok ? 'ok' : 'unhealthy', version: release.version, backend: backend.error || 'ok' };
  answer(response, backend.ok ? 200 : 503, body);
}

async function page(request, response) {
  let said;
  try {
    said = await backendVersion();
  } catch (error) {
    return answer(response, 503, html(`The backend is away: ${error.message}`), { type: 'text/html' });
  }
  const text = `backend ${said.version} on ${said.host}, slot ${said.slot}`;
  answer(response, 200, html(text), { type: 'text/html' });
}

function html(text) {
  const safe = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  const title = `${release.system} ${release.version}`;
  return `<!doctype html>
<html><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>${safe}</p></body></html>
`;
}

serve('frontend', { 'GET /health': health, 'GET /': page });
