#pragma once
// The ceiling over HTTP: Boost.Beast as its own examples use it (tcp_stream, async_read, async_write), with one answer
// for GET and an echo for POST.

namespace countersign::bench {

/// Serves on a free port of 127.0.0.1, says so on standard output, never returns by itself.
void serve_beast(unsigned threads);

}  // namespace countersign::bench
