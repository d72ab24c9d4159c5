/**
 * What a replica has to know about the state that it keeps: a document or a board.
 *
 * @typedef {'confirmed' | 'impossible'} Outcome
 *   The state has the change already, or what it refers to no longer exists.
 *
 * @typedef {object} App what a replica needs to know about a kind of state
 * @property {string} kind of its messages
 * @property {() => any} create the state before the first change
 * @property {(change: any) => boolean} isChange
 * @property {(state: any, change: any, run: string, version: number) => (() => void) | null} apply
 *   Returns what takes it back, or null if it refers to what does not exist.
 * @property {(state: any, change: any, run: string) => any | Outcome} rebase
 *   Returns the same change, referring to what is visible now.
 * @property {(change: any) => string[]} runsOf the runs of what a change refers to
 * @property {(state: any, version: number) => void} purge what was deleted up to this version
 * @property {(state: any) => any[][]} save in parts, each small enough for a message
 * @property {(parts: any[][]) => any} load
 */

export {};
