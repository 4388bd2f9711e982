import type { RouteDefinition } from '@lepton/contracts/route'
import type { Route } from '@lepton/contracts/routes'

interface Hidden {
  exposed: false
}

/** The routes that the gateway answers, as the table of packages/contracts has them, by method and path. */
type Table = {
  [R in Exclude<Route, Hidden> as `${R['method']} ${R['path']}`]: R
}
export type Method = RouteDefinition['method']
export type PathOf<M extends Method> = keyof Table extends infer Key
  ? Key extends `${M} ${infer Path}`
    ? Path
    : never
  : never
export type RouteOf<M extends Method, P extends string> = `${M} ${P}` extends keyof Table
  ? Table[`${M} ${P}`]
  : never

/** A schema's types, as zod writes them into it. */
type Input<Schema> = Schema extends { _zod: { input: infer Given } } ? Given : never
type Output<Schema> = Schema extends { _zod: { output: infer Taken } } ? Taken : undefined

/** What a route takes; a part that it does not have must not be given, and one with required fields may not miss. */
export type Asked<R> = Part<R, 'params'> & Part<R, 'query'> & Part<R, 'body'>
type Part<R, Name extends 'params' | 'query' | 'body'> =
  R extends Record<Name, infer Schema>
    ? object extends Input<Schema>
      ? Partial<Record<Name, Plain<Name, Input<Schema>>>>
      : Record<Name, Plain<Name, Input<Schema>>>
    : unknown

/** Numbers may be written as numbers in a query. */
type Plain<Name, Value> = Name extends 'query' ? { [Key in keyof Value]: Value[Key] | number } : Value

/** What a route answers when it succeeds. */
export type Answer<R> = R extends { answers: infer Answers } ? Output<Answers[keyof Answers]> : never
