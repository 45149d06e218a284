// How ids, slots, codes and bearer secrets are written and read.

#include <gtest/gtest.h>

#include <random>

#include "domain/event_catalogue.h"
#include "domain/secret_text.h"
#include "domain/slot.h"
#include "tests/support/ledger.h"

namespace countersign::domain {
namespace {

using countersign::testing::uuid_of;

TEST(IdText, IsATypeId) {
  // From the TypeID specification's valid.yml.
  Uuid uuid;
  EXPECT_EQ(id_text("prefix", uuid), "prefix_00000000000000000000000000");
  uuid.bytes.fill(0xff);
  EXPECT_EQ(id_text("prefix", uuid), "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz");
  uuid.bytes = {0x01, 0x88, 0xba, 0xc7, 0x4a, 0xfa, 0x78, 0xaa, 0xbc, 0x3b, 0xbd, 0x1e, 0xef, 0x28, 0xd8, 0x81};
  EXPECT_EQ(id_text("prefix", uuid), "prefix_01h2xcejqtf2nbrexx3vqjhp41");
}

TEST(IdText, ReadsBackOnlyWhatItWrites) {
  const UserId id{uuid_of("ada")};
  const auto text = id.text();
  EXPECT_EQ(UserId::parse(text), id);
  EXPECT_FALSE(CodeId::parse(text));
  EXPECT_FALSE(UserId::parse(text + "0"));
  EXPECT_FALSE(UserId::parse(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(UserId::parse("usr_8zzzzzzzzzzzzzzzzzzzzzzzzz"));  // more than 128 bits
  EXPECT_FALSE(UserId::parse("usr_01h2xcejqtf2nbrexx3vqjhp4u"));  // u is no digit
  EXPECT_FALSE(UserId::parse("USR_01h2xcejqtf2nbrexx3vqjhp41"));
  EXPECT_FALSE(UserId::parse("usr_01H2XCEJQTF2NBREXX3VQJHP41"));
  EXPECT_FALSE(UserId::parse(""));
}

TEST(IdText, SortsAsTheBytesDo) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    std::array<std::uint8_t, 10> noise;
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    const UserId a{make_uuid7(static_cast<std::int64_t>(random() >> 20), noise)};
    const UserId b{make_uuid7(static_cast<std::int64_t>(random() >> 20), noise)};
    EXPECT_EQ(a < b, a.text() < b.text());
    EXPECT_EQ(UserId::parse(a.text()), a);
  }
}

TEST(IdText, AUuid7HasItsTimeVersionAndVariant) {
  std::array<std::uint8_t, 10> ones;
  ones.fill(0xff);
  const auto uuid = make_uuid7(0x0123456789ab, ones);
  const std::array<std::uint8_t, 8> begins{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x7f, 0xff};
  EXPECT_TRUE(std::equal(begins.begin(), begins.end(), uuid.bytes.begin()));
  EXPECT_EQ(uuid.bytes[8], 0xbf);
}

TEST(IdText, TheSystemAccountIsCalledByName) {
  EXPECT_EQ(account_text(system_account()), "acc_system");
  EXPECT_EQ(parse_account("acc_system"), system_account());
  const AccountId other{uuid_of("other")};
  EXPECT_EQ(parse_account(account_text(other)), other);
  EXPECT_FALSE(parse_account("acc_systen"));
}

TEST(IdText, EachPartitionHasASystemAccount) {
  EXPECT_EQ(account_text(system_account(7)), "acc_system-7");
  for (std::uint32_t partition = 0; partition < slot_count; ++partition) {
    const auto account = system_account(partition);
    EXPECT_EQ(parse_account(account_text(account)), account);
    EXPECT_EQ(partition_of_system_account(account), partition);
    EXPECT_EQ(partition_of(account, slot_count), partition);
  }
  for (const auto* wrong : {"acc_system-", "acc_system-0", "acc_system-07", "acc_system-961", "acc_system7",
                            "acc_system-7x", "acc_system--7"})
    EXPECT_FALSE(parse_account(wrong)) << wrong;
  EXPECT_FALSE(is_system_account(system_account(slot_count)));
  EXPECT_FALSE(is_system_account(AccountId{uuid_of("other")}));
}

TEST(Partitions, AreThoseOfSlotsSoThatASecretSpellsItsOwn) {
  for (int i = 0; i < 100; ++i) {
    const AccountId account{uuid_of("account " + std::to_string(i))};
    EXPECT_EQ(partition_of(account, 24), partition_of_slot(slot_of(account), 24));
    EXPECT_EQ(partition_of(account, 1), 0u);
  }
  EXPECT_EQ(partition_of(system_account(30), 24), 0u) << "copied from a log with more partitions";
}

TEST(Murmur2, IsKafkas) {
  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  const auto signed_hash = [](std::string_view text) { return static_cast<std::int32_t>(murmur2(text)); };
  EXPECT_EQ(signed_hash("21"), -973932308);
  EXPECT_EQ(signed_hash("foobar"), -790332482);
  EXPECT_EQ(signed_hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(signed_hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(signed_hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(signed_hash("abc"), 479470107);
}

TEST(Slot, HasTwoCharactersAndReadsBack) {
  for (std::uint16_t slot = 0; slot < slot_count; ++slot) EXPECT_EQ(parse_slot(slot_text(slot)), slot);
  EXPECT_EQ(slot_text(0), "22");
  EXPECT_EQ(slot_text(960), "ZZ");
  for (const auto* wrong : {"", "2", "222", "2O", "0A", "aa", "L2"}) EXPECT_FALSE(parse_slot(wrong)) << wrong;
}

TEST(Slot, FollowsFromTheAccountAndIsSpreadEvenly) {
  std::vector<int> counts(slot_count);
  for (int i = 0; i < 96'100; ++i) ++counts[slot_of({uuid_of("account " + std::to_string(i))})];
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 50);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 160);
}

TEST(CodeText, ForgivesCaseBlanksAndHyphens) {
  for (const auto* typed : {"ABCDEFGHJKMN", "abcdefghjkmn", "ABCD-EFGH-JKMN", " abcd efgh jkmn ",
                            "a-b-c-d-e-f-g-h-j-k-m-n", "ABCD\tEFGHJKMN"})
    EXPECT_EQ(parse_code(typed, nullptr), "ABCDEFGHJKMN") << typed;
  EXPECT_EQ(show_code("ABCDEFGHJKMN"), "ABCD-EFGH-JKMN");
}

TEST(CodeText, SaysWhatCantBeACodeWithoutQuotingIt) {
  const auto hint_for = [](std::string_view typed) {
    std::string hint;
    EXPECT_FALSE(parse_code(typed, &hint)) << typed;
    return hint;
  };
  for (const auto* typed : {"0BCDEFGHJKMN", "OBCDEFGHJKMN", "1BCDEFGHJKMN", "IBCDEFGHJKMN", "LBCDEFGHJKMN", "lbcd"})
    EXPECT_NE(hint_for(typed).find("no 0, O, 1, I or L"), std::string::npos) << typed;
  for (const auto* typed : {"", "ABCD", "ABCDEFGHJKMNP", "    "})
    EXPECT_NE(hint_for(typed).find("12 characters"), std::string::npos) << typed;
  EXPECT_NE(hint_for("ABCDEFGHJKM!").find("letters and digits"), std::string::npos);
  EXPECT_NE(hint_for("ABCDEFGHJKM\xc3\x84").find("letters and digits"), std::string::npos);
  EXPECT_NE(hint_for(std::string(65, ' ')).find("12 characters"), std::string::npos);
  EXPECT_EQ(hint_for("SECRETSECR3T!").find("SECRET"), std::string::npos);
}

TEST(CodeText, ItsAlphabetIsWhatTheHintsSay) {
  EXPECT_EQ(code_alphabet.size() * code_alphabet.size(), slot_count);
  for (const char c : {'0', 'O', '1', 'I', 'L'}) EXPECT_EQ(code_alphabet.find(c), std::string_view::npos);
  const auto code = make_code(960, {0, 1, 2, 3, 4, 26, 27, 28, 29, 30});
  EXPECT_EQ(code, "ZZ23456VWXYZ");
  EXPECT_EQ(parse_code(code, nullptr), code);
}

constexpr BearerKind kinds[] = {BearerKind::root_key, BearerKind::api_key, BearerKind::access_token,
                                BearerKind::activation_ticket};

TEST(BearerSecret, NamesItsKindAndSlotAndChecksItself) {
  std::array<std::uint8_t, 32> random{};
  for (std::size_t i = 0; i < random.size(); ++i) random[i] = static_cast<std::uint8_t>(7 * i);
  for (const auto kind : kinds) {
    const auto text = make_bearer(kind, 42, random);
    EXPECT_TRUE(text.starts_with(bearer_prefix(kind)));
    for (const auto other : kinds) EXPECT_EQ(is_bearer(other, text), other == kind);
    EXPECT_EQ(bearer_slot(kind, text), 42);
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto typo = text;
      typo[i] = typo[i] == 'x' ? 'y' : 'x';
      EXPECT_FALSE(is_bearer(kind, typo)) << i;
    }
    EXPECT_FALSE(is_bearer(kind, text + "a"));
    EXPECT_FALSE(is_bearer(kind, text.substr(1)));
    EXPECT_FALSE(bearer_slot(kind, ""));
  }
}

TEST(BearerSecret, CarriesAllOfItsRandomness) {
  std::array<std::uint8_t, 32> random{};
  const auto zero = make_bearer(BearerKind::api_key, 0, random);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    auto flipped = random;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_NE(make_bearer(BearerKind::api_key, 0, flipped), zero) << bit;
  }
  EXPECT_EQ(zero.substr(0, zero.size() - 7), "cskey_22" + std::string(52, 'a'));
}

TEST(Names, OfRolesAndPartiesReadBack) {
  for (const auto role : fb::EnumValuesRole()) {
    if (role == Role::none || role == Role::root) continue;
    EXPECT_EQ(parse_role(role_text(role)), role);
  }
  EXPECT_FALSE(parse_role("root"));
  EXPECT_FALSE(parse_role(""));
  EXPECT_EQ(party_text(party(UserId{uuid_of("ada")})), UserId{uuid_of("ada")}.text());
  EXPECT_EQ(party_text({PartyKind::root, {}}), "root");
  EXPECT_EQ(party_text({PartyKind::source, uuid_of("x")}), "");
}

}  // namespace
}  // namespace countersign::domain
