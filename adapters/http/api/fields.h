#pragma once
// Bodies and preconditions as the endpoints read them, over the server's field reader (server/json_fields.h).

#include <map>
#include <optional>
#include <string>

#include "adapters/http/server/exchange.h"
#include "adapters/http/server/json_body.h"
#include "adapters/http/server/json_fields.h"
#include "domain/ids.h"

namespace countersign::http {

/// A request's JSON body; none at all counts as an empty object.
class Body {
 public:
  explicit Body(const Exchange& exchange);
  Fields& fields() { return fields_; }
  Fields* operator->() { return &fields_; }
  /// Once, at the end.
  std::optional<Problem> finish() { return json_.ok() ? fields_.finish() : json_.problem(); }

 private:
  JsonBody json_;
  Fields fields_;
};

/// For a request that needs no body: what is wrong with one that came nevertheless.
std::optional<Problem> refuse_body(const Exchange& exchange);

/// A text that may be absent (nothing) or null (empty). Blanks at both ends are trimmed.
std::optional<std::string> nullable_text(Fields& fields, std::string_view name, std::size_t most);
/// A number that may be absent (nothing) or null (0).
std::optional<std::uint64_t> nullable_number(Fields& fields, std::string_view name, std::int64_t least,
                                             std::int64_t most);
/// Free-form members: texts, of which null is none; or numbers up to a million.
std::optional<std::map<std::string, std::optional<std::string>>> free_texts(Fields& fields, std::string_view name,
                                                                            std::size_t most, std::size_t longest);
std::optional<std::map<std::string, std::uint32_t>> free_numbers(Fields& fields, std::string_view name,
                                                                 std::size_t most);
/// RFC 3339; nothing when absent or null.
std::optional<domain::UnixMs> optional_time(Fields& fields, std::string_view name);

std::string trimmed(std::string_view text);

/// "v3" in quotes.
std::string etag_of(std::uint64_t version);
/// The version that If-Match demands, `current` without it; nothing when it can't match.
std::optional<std::uint64_t> expected_version(const Exchange& exchange, std::uint64_t current);
Problem version_mismatch();
/// How often a change is merged anew because another one came in between. If-Match is asked again each time.
inline constexpr int most_merges = 32;

}  // namespace countersign::http
