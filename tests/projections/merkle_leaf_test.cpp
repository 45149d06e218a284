#include "projections/merkle_leaf.h"

#include <gtest/gtest.h>

#include "bus/hash.h"

namespace countersign::projections {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

/// An event whose every byte is fixed.
std::string fixed_event() {
  domain::NewEvent event;
  event.type = domain::EventType::user_disabled;
  event.subject = {domain::PartyKind::user, domain::uuid_from("0123456789abcdef")};
  event.target = event.subject;
  domain::EventStamp stamp;
  stamp.id = {domain::uuid_from("fedcba9876543210")};
  stamp.account = {domain::uuid_from("account-account-")};
  stamp.sequence = 0x0102030405;
  stamp.time = 1'795'408'604'000;
  return domain::encode_event(domain::encode_clear(event, stamp), "sealed bytes");
}

TEST(AMerkleLeaf, HasTheseBytesForEver) {
  const auto bytes = fixed_event();
  const auto leaf = merkle_leaf(*domain::EventView::parse(bytes), bytes);
  ASSERT_EQ(leaf.size(), merkle_leaf_bytes);
  EXPECT_EQ(hex(leaf),
            "0100000001020304050020000001a206b12b608cc5ff83031b59a91c91a50499a73867d0763252d1267cd6f345a08c2efb3641");
}

TEST(AMerkleLeaf, ChangesWithEveryByteOfItsEvent) {
  const auto bytes = fixed_event();
  const auto event = domain::EventView::parse(bytes);
  const auto leaf = merkle_leaf(*event, bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto other = bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_NE(merkle_leaf(*event, other), leaf) << "byte " << i;
  }
}

}  // namespace
}  // namespace countersign::projections
