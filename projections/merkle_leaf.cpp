#include "projections/merkle_leaf.h"

#include "bus/hash.h"
#include "projections/big_endian.h"

namespace countersign::projections {

std::string merkle_leaf(const domain::EventView& event, std::string_view bytes) {
  std::string leaf(1, '\x01');
  append_big_endian(leaf, event.sequence(), 8);
  append_big_endian(leaf, static_cast<std::uint16_t>(event.type()), 2);
  append_big_endian(leaf, static_cast<std::uint64_t>(event.time()), 8);
  leaf += bus::view(bus::sha256(bytes));
  return leaf;
}

}  // namespace countersign::projections
