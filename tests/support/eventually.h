#pragma once
// Waiting for what another thread or process will do: a test that waited for ever would say nothing about what is
// missing.

#include <chrono>
#include <thread>

namespace countersign::testing {

/// Asks again and again. False: it hasn't come within `within`, which is far longer than it takes.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds within = std::chrono::minutes(2)) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace countersign::testing
