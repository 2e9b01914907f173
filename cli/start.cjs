// Imports bin, as source in a clone and as built in an installed package; apart from tm.cjs because an old Node cannot parse import().
var fs = require("node:fs");
var path = require("node:path");
var url = require("node:url");

var source = path.join(__dirname, "bin.ts");
var file = fs.existsSync(source) ? source : path.join(__dirname, "../dist/bin.js");
import(url.pathToFileURL(file).href);
