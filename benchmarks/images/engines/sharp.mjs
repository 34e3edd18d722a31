// sharp at its best: one decode, widths cascaded, all encoders at once. One line a job, as work.py.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { createRequire } from 'node:module';

const sharp = createRequire(path.join(process.env.SHARP_AT, 'x.js'))('sharp');
sharp.cache(false);
sharp.concurrency(Number(process.env.THREADS ?? 2));
const works = JSON.parse(process.env.WORKS);
const written = {
  webp: (picture) => picture.webp({ quality: 80, effort: 2 }),
  avif: (picture) => picture.avif({ quality: 60, effort: 0, chromaSubsampling: '4:2:0' }),
  jpeg: (picture) => picture.flatten({ background: '#fff' }).jpeg({ quality: 80, progressive: true }),
};

async function make(file, work) {
  const widths = [...new Set(works[work].map(([width]) => width))].sort((a, b) => b - a);
  const steps = {};
  let above = sharp(file).autoOrient();
  for (const width of widths) {
    const { data, info } = await above
      .resize({ width, withoutEnlargement: true }).raw().toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    steps[width] = () => sharp(data, { raw });
    above = sharp(data, { raw });
  }
  return Promise.all(works[work].map(async ([width, format]) =>
    [`${width}.${format}`, await written[format](steps[width]()).toBuffer()]));
}

function peak() {
  const line = fs.readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/);
  return Number(line[1]) / 1024;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [work, file, folder] = line.split(' ');
  const begun = performance.now();
  const spent = process.cpuUsage();
  const files = await make(file, work);
  const { user, system } = process.cpuUsage(spent);
  const said = { ms: performance.now() - begun, cpu_ms: (user + system) / 1000, peak_mb: peak() };
  for (const [name, data] of files) {
    said[name] = data.length;
    if (folder !== '-') fs.writeFileSync(path.join(folder, name), data);
  }
  console.log(JSON.stringify(said));
}
