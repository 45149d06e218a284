#pragma once
// A self-signed P-256 certificate with its key, good for an hour, as PEM.

#include <string>

namespace countersign::testing {

struct Certificate {
  std::string certificate, key;
};

/// `alternative`: what it also names, such as "DNS:localhost" or "IP:127.0.0.1"; empty: nothing.
Certificate self_signed(const std::string& name, const std::string& alternative = {});

}  // namespace countersign::testing
