export { type ProposerCase, type ProposerSubject, proposerCases } from './proposer.ts'
