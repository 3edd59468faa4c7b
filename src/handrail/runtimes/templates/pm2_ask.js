// ROOT VERB NAME...: ask PM2 to `list` or to `reloadLogs`; never starts its daemon.
// Prints of each process that handrail has made known: name, status, restarts, number, enabled; tab-separated.
// Nothing else of what PM2 knows leaves the host.
"use strict";

const fs = require("fs");
const path = require("path");

const [root, verb, ...names] = process.argv.slice(1);

function print(alive, list = []) {
  for (const name of names) {
    const one = list.find((found) => found.name === name);
    if (!one && !fs.existsSync(`${root}/pm2/${name}.json`)) continue;
    const status = one ? one.pm2_env.status : alive ? "stopped" : "PM2 is down";
    const enabled = fs.existsSync(`${root}/pm2/enabled/${name}.json`);
    console.log([name, status, one ? one.pm2_env.restart_time : 0, (one && one.pid) || 0, enabled].join("\t"));
  }
  process.exit();
}

// All of PM2 takes 0.1 s to read; newer PM2s have what speaks to the daemon beside it.
function askDaemon(axon, rpc) {
  const line = require(axon).socket("req");
  line.once("reconnect attempt", () => print(false));
  line.once("error", () => print(false));
  line.once("connect", () => new (require(rpc).Client)(line).call("getMonitorData", {}, (error, list) => print(true, list)));
  line.connect(`${root}/.pm2/rpc.sock`);
}

function askPm2(pm2) {
  pm2.Client.pingDaemon((alive) => {
    if (!alive) print(false);
    // PM2 does not open its own log again; it goes on at the end, wherever that is.
    if (verb === "reloadLogs") fs.truncateSync(`${root}/.pm2/pm2.log`);
    pm2.Client.launchRPC(() => pm2[verb]((error, list) => print(true, list)));
  });
}

process.env.PM2_HOME = `${root}/.pm2`;
if (!fs.existsSync(`${root}/.pm2/rpc.sock`)) print(false);
const bin = process.env.PATH.split(":").map((folder) => `${folder}/pm2`).find(fs.existsSync);
const home = path.dirname(path.dirname(fs.realpathSync(bin)));
const talk = ["pm2-axon", "pm2-axon-rpc"].map((name) => `${home}/modules/${name}`);
if (verb === "list" && talk.every(fs.existsSync)) askDaemon(...talk);
else askPm2(require(home));
