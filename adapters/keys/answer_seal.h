#pragma once
// Sealing the answer of an idempotent command under the client's own Idempotency-Key, which is stored nowhere: who
// holds the log can't open it, who repeats the request can. `scope` (API key, method, path; or a code's digest) is
// bound to the answer. What a short Idempotency-Key protects is only as secret as that key, therefore routes that
// answer with secrets demand a long one.
//
// Form: salt (16, random) | ciphertext | tag (16). Key = HKDF(salt, Idempotency-Key), nonce zero.

#include <optional>
#include <string>
#include <string_view>

namespace countersign::keys {

std::string seal_answer(std::string_view idempotency_key, std::string_view scope, std::string_view answer);
std::optional<std::string> open_answer(std::string_view idempotency_key, std::string_view scope,
                                       std::string_view sealed);

}  // namespace countersign::keys
