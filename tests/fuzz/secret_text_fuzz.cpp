// What people type as a code and what programs send as secrets: parsing refuses or gives the canonical form, and a
// canonical form is a fixed point however it is shown.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "domain/ids.h"
#include "domain/secret_text.h"
#include "domain/slot.h"

using namespace countersign::domain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view typed(reinterpret_cast<const char*>(data), size);
  std::string hint;
  if (const auto code = parse_code(typed, &hint)) {
    if (code->size() != code_length || code->find_first_not_of(code_alphabet) != code->npos) std::abort();
    if (!parse_slot(code->substr(0, 2)) || parse_code(show_code(*code), nullptr) != code) std::abort();
  } else if (hint.empty()) {
    std::abort();  // a refusal says why
  }
  for (const auto kind :
       {BearerKind::root_key, BearerKind::api_key, BearerKind::access_token, BearerKind::activation_ticket})
    if (is_bearer(kind, typed) != bearer_slot(kind, typed).has_value()) std::abort();
  if (const auto id = UserId::parse(typed); id && id->text() != typed) std::abort();
  if (const auto account = parse_account(typed); account && account_text(*account) != typed) std::abort();
  return 0;
}
