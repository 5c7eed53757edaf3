// @ts-check
// Turns the table of packages in ARCHITECTURE.md into rules for dependency-cruiser: an allow-list. What the table does
// not name, `src` and `contract` may not import; a package that the table does not know is an error by itself.

/** @typedef {{ folder: string, imports: readonly string[] }} Row a package (`packages/kernel`) and whom it may import (`kernel`) */

/**
 * Rows of the table whose heading starts with `| package |` and ends with `| may import |`. Names stand in backquotes;
 * `nothing` and `all packages` mean what they say.
 * @param {string} markdown
 * @returns {Row[]}
 */
export function readTable(markdown) {
  const lines = markdown.split('\n')
  const heading = lines.findIndex((line) => /^\| package \|.*\| may import \|$/.test(line))
  if (heading < 0) throw new Error('no table `| package | … | may import |`')
  const end = lines.findIndex((line, at) => at > heading && !line.startsWith('|'))
  const cells = lines
    .slice(heading + 2, end < 0 ? undefined : end)
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const folders = cells.map((row) => namesIn(row[1] ?? '')[0] ?? '')
  return cells.map((row, at) => {
    const folder = folders[at] ?? ''
    const may = row.at(-2) ?? ''
    if (!/^(packages|apps)\/[a-z-]+$/.test(folder)) throw new Error(`row ${at + 1}: no package in \`${row[1]}\``)
    const imports =
      may === 'all packages' ? folders.filter((other) => other.startsWith('packages/')).map(shortName) : namesIn(may)
    if (imports.length === 0 && may !== 'nothing') throw new Error(`${folder}: cannot read \`${may}\``)
    return { folder, imports }
  })
}

/**
 * @param {Row[]} rows
 * @param {readonly string[]} present folders that exist, `packages/kernel`
 * @returns {any[]} forbidden rules: everything but the rows' arrows
 */
export function arrowRules(rows, present) {
  for (const folder of present) {
    if (!rows.some((row) => row.folder === folder)) throw new Error(`${folder} is not in the table of ARCHITECTURE.md`)
  }
  const known = rows.map((row) => shortName(row.folder))
  return rows.flatMap((row) => {
    const unknown = row.imports.find((name) => !known.includes(name))
    if (unknown !== undefined) throw new Error(`${row.folder} may import \`${unknown}\`, which the table does not know`)
    const name = shortName(row.folder)
    return [
      arrowRule(`${name} imports only what the table allows`, `^${row.folder}/(src|contract|bin)/`, [
        name,
        ...row.imports,
      ]),
      arrowRule(`tests of ${name} may import sim and node too`, `^${row.folder}/test/`, [
        name,
        ...row.imports,
        'sim',
        'node',
      ]),
    ]
  })
}

/** @param {string} name @param {string} from @param {readonly string[]} allowed */
function arrowRule(name, from, allowed) {
  return {
    name,
    severity: 'error',
    from: { path: from },
    to: {
      path: '^(packages|apps|tests|benchmarks|examples|scripts)/',
      pathNot: `^(packages|apps)/(${allowed.join('|')})/`,
    },
  }
}

/** @param {string} text @returns {string[]} */
function namesIn(text) {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}

/** @param {string} folder */
function shortName(folder) {
  return folder.slice(folder.indexOf('/') + 1)
}
