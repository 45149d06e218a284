#pragma once
// What this thread looks up and computes, a letter an operation, while an OperationTrace lives: tests hold that
// refusals of one kind do the same work. Off, it costs one load of a thread-local pointer.
//
// Letters: a row's table for a look-up (projections/rows.h); s SHA-256, h HMAC-SHA-256, k HKDF, e and d sealing and
// opening with AES-GCM.

#include <string>

namespace countersign::bus {

class OperationTrace {
 public:
  OperationTrace() { current() = &letters_; }
  ~OperationTrace() { current() = nullptr; }
  OperationTrace(const OperationTrace&) = delete;
  OperationTrace& operator=(const OperationTrace&) = delete;

  const std::string& letters() const { return letters_; }
  static void note(char letter) {
    if (auto* letters = current()) letters->push_back(letter);
  }

 private:
  static std::string*& current() {
    static constinit thread_local std::string* letters = nullptr;
    return letters;
  }
  std::string letters_;
};

}  // namespace countersign::bus
