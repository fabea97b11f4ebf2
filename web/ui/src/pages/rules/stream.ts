/** The lines of a streamed answer, one after the other as they come; empty ones are left out. */
export async function* lines(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): AsyncGenerator<string> {
  if (!body) return
  let rest = ''
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const parts = (rest + (value ?? '')).split('\n')
      rest = done ? '' : (parts.pop() ?? '')
      for (const part of parts) if (part.trim() !== '') yield part
      if (done) return
    }
  } finally {
    // Whoever stops listening early ends the work at the other end too.
    await reader.cancel().catch(() => undefined)
  }
}
