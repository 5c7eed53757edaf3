import type { HttpAnswer, HttpRequest } from '@eastguard/kernel'

export interface HttpSources {
  /** Why the broker does not serve at the moment; empty when it does. */
  notReady(): readonly string[]
  readonly metrics: { print(): Promise<string>; readonly contentType: string }
}

const plain = 'text/plain; charset=utf-8'

/** `/livez`: the event loop turns. `/readyz`: records can be written and read. `/metrics`: Prometheus. */
export async function answerHttp(request: HttpRequest, sources: HttpSources): Promise<HttpAnswer> {
  switch (request.path) {
    case '/livez':
      return { status: 200, type: plain, body: 'ok\n' }
    case '/readyz': {
      const reasons = sources.notReady()
      return reasons.length === 0
        ? { status: 200, type: plain, body: 'ok\n' }
        : { status: 503, type: plain, body: `${reasons.join('\n')}\n` }
    }
    case '/metrics':
      return { status: 200, type: sources.metrics.contentType, body: await sources.metrics.print() }
    default:
      return { status: 404, type: plain, body: `nothing at ${request.path}; there are /livez, /readyz and /metrics\n` }
  }
}
