// @ts-check
// What the lint rule of .oxlintrc.json cannot see in a core: a banned name that is declared anew, a rule that is
// silenced, an import whose name is computed, a type that only Node has; and `export *`, which no face has.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { root, sourceFiles, workspaceMembers } from './workspace.mjs'

/** Files that the rule governs, and the places where the world comes in (the same as in .oxlintrc.json). */
const governed = /^(packages\/[^/]+\/(src|contract)|apps\/[^/]+\/src)\/.+\.ts$/
const exempt =
  /^(packages\/node\/|packages\/kernel\/src\/crc32-node\.ts$|packages\/client\/src\/platform-browser\.ts$|apps\/[^/]+\/src\/main\.ts$)/
/** Declares TextEncoder and TextDecoder, which every runtime has, for all the others. */
const mayDeclare = /^packages\/kernel\/src\/utf8\.ts$/
/** An app runs on Node alone and may name its types; a library may not. */
const typesOfNode = new Set(['Buffer', 'NodeJS', 'BufferEncoding'])

/** @param {string} path relative to the repository, with `/` */
export function isGoverned(path) {
  return governed.test(path) && !exempt.test(path)
}

/**
 * @param {string} path relative to the repository, with `/`
 * @param {string} text
 * @returns {string[]} one line per breach, `path:line: what`
 */
export function coreBreaches(path, text) {
  if (!isGoverned(path)) return []
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  /** @type {string[]} */
  const breaches = []
  /** @param {number} position @param {string} what */
  const breach = (position, what) => {
    breaches.push(`${path}:${file.getLineAndCharacterOfPosition(position).line + 1}: ${what}`)
  }
  for (const match of text.matchAll(/(oxlint|eslint)-disable|@ts-(ignore|nocheck|expect-error)|\/\/\/\s*<reference/g)) {
    breach(match.index, `\`${match[0]}\` silences a rule; a core has no exceptions`)
  }
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (isAmbientValue(node) && !mayDeclare.test(path)) {
      breach(node.getStart(), 'an ambient declaration brings in a name of the runtime; take a component instead')
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && node.exportClause === undefined) {
      breach(node.getStart(), '`export *` hides what a face promises; name it')
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments
      if (target === undefined || !ts.isStringLiteral(target)) breach(node.getStart(), 'an import of a computed name')
    }
    if (path.startsWith('packages/') && ts.isIdentifier(node) && typesOfNode.has(node.text) && isTypeName(node)) {
      breach(node.getStart(), `the type \`${node.text}\` exists on Node only`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return breaches
}

/**
 * Whether it declares a value that exists outside; a `unique symbol` exists for the type checker only.
 * @param {ts.Node} node
 */
function isAmbientValue(node) {
  const declares =
    ts.isVariableStatement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isModuleDeclaration(node)
  if (!declares || !(node.modifiers ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword))
    return false
  return !ts.isVariableStatement(node) || !node.declarationList.declarations.every(isLabel)
}

/** @param {ts.VariableDeclaration} declaration `declare const brand: unique symbol` */
function isLabel({ type }) {
  return type !== undefined && ts.isTypeOperatorNode(type) && type.operator === ts.SyntaxKind.UniqueKeyword
}

/** @param {ts.Identifier} node */
function isTypeName(node) {
  return ts.isTypeReferenceNode(node.parent) || ts.isQualifiedName(node.parent)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = workspaceMembers()
    .flatMap((member) => sourceFiles(member.folder))
    .filter(isGoverned)
  const breaches = files.flatMap((path) => coreBreaches(path, readFileSync(join(root, path), 'utf8')))
  for (const line of breaches) console.error(line)
  console.log(`${files.length} core files, ${breaches.length} breaches`)
  process.exitCode = breaches.length > 0 ? 1 : 0
}
