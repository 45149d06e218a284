#pragma once
// The certificate authority of a cluster, which nobody sets up: its Ed25519 key follows from the cluster's keys, so
// every node has the same one, and whoever hasn't the cluster's keys can't certify himself (docs/adr/0016).
//
// Promise: equal keys, equal certificate, for ever; it signs nodes and nothing below them. Its private key leaves this
// object in no form. Concurrency: any thread. A failed OpenSSL call throws std::runtime_error.

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <string>

#include "adapters/keys/openssl_pointer.h"
#include "adapters/keys/secret_key.h"

namespace countersign::cluster {

using X509Pointer = keys::OpenSslPointer<X509, X509_free>;
using PkeyPointer = keys::OpenSslPointer<EVP_PKEY, EVP_PKEY_free>;
using WallTime = std::chrono::system_clock::time_point;

struct Certified {
  X509Pointer certificate;
  PkeyPointer key;
};

class Authority {
 public:
  /// `log_key`: of the cluster, uniformly random.
  explicit Authority(const keys::Key& log_key);

  X509* certificate() const { return certificate_.get(); }
  /// A fresh key, and a certificate that says whose it is (node_uri.h): good for TLS servers and clients.
  Certified certify(std::string_view node, WallTime from, WallTime until) const;

 private:
  PkeyPointer key_;
  X509Pointer certificate_;
};

}  // namespace countersign::cluster
