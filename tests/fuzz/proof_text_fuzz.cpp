// The texts of the Merkle log that come from outside: paths of tiles, checkpoints, signed notes, verifier keys. What is
// parsed is written again as it was read, so that there is one spelling of each.
#include <cstdint>
#include <cstdlib>

#include "adapters/notary/checkpoint.h"
#include "adapters/notary/signed_note.h"
#include "projections/merkle/tile.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto tile = projections::parse_tile(text))
    if (projections::parse_tile(projections::path_of(*tile)) != tile ||
        !text.ends_with(projections::path_of(*tile).substr(2)))
      std::abort();
  if (const auto tile = projections::parse_entries(text); tile && tile->level != 0) std::abort();
  if (const auto checkpoint = notary::parse_checkpoint(text))
    if (!text.starts_with(notary::text_of(*checkpoint))) std::abort();  // lines of others may follow
  const auto key = notary::parse_verifier_key(text);
  if (key && key->text() != text) std::abort();
  const auto stripped = notary::text_of_note(text);
  if (stripped && !text.starts_with(*stripped)) std::abort();
  const notary::VerifierKey known{"log.example/log/acc", {1, 2, 3}};
  const auto opened = notary::open_note(text, {&known, 1});
  if (std::holds_alternative<notary::OpenedNote>(opened)) std::abort();  // nobody signs under this key
  return 0;
}
