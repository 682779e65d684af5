/** Makes pictures small, those named or all that are shown: a screen of text needs no more pixels and colours. */

import { statSync } from "node:fs";
import * as path from "node:path";
import sharp from "sharp";

const SHOWN = [
    ...["hover-light", "hover-dark", "slots-light", "graph-light"],
    ...["hints-light", "hints-dark", "shape-light", "shape-dark", "failing-light", "failing-dark"],
    ...["subclass-light", "subclass-dark", "report-light", "report-dark"],
];
/** The moving pictures, and for how many milliseconds each of their frames is shown. */
const MOVING = { "tour-light": [1800, 2600, 2200, 3400, 1800], "tour-dark": [1800, 2600, 2200, 3400, 1800] };
const [from, into, ...names] = process.argv.slice(2);

for (const name of names.length > 0 ? names : [...SHOWN, ...Object.keys(MOVING)]) {
    const file = name in MOVING ? await moving(name) : await still(name);
    console.log(`${file} ${Math.round(statSync(file).size / 1024)} KiB`);
}

async function still(name) {
    const file = path.join(into, `${name}.png`);
    await sharp(path.join(from, `${name}.png`))
        .resize({ width: 1280 })
        .png({ palette: true, colours: 40, effort: 10 })
        .toFile(file);
    return file;
}

async function moving(name) {
    const [what, theme] = name.split("-");
    const frames = MOVING[name].map((_, index) => path.join(from, `${what}-${index + 1}-${theme}.png`));
    const small = await Promise.all(frames.map((frame) => sharp(frame).resize({ width: 1000 }).png().toBuffer()));
    const file = path.join(into, `${name}.gif`);
    await sharp(small, { join: { animated: true } })
        .gif({ delay: MOVING[name], colours: 64, effort: 10, interFrameMaxError: 4 })
        .toFile(file);
    return file;
}
