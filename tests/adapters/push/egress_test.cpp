#include "adapters/push/egress.h"

#include <gtest/gtest.h>

namespace countersign::push {
namespace {

using boost::asio::ip::make_address;

TEST(Egress, WhatIsNotPublicIsRefusedAndNamed) {
  const struct {
    const char *address, *what;
  } refused[] = {{"0.0.0.0", "an unspecified"},
                 {"10.0.0.1", "a private"},
                 {"10.255.255.255", "a private"},
                 {"100.64.0.1", "a shared"},
                 {"127.0.0.1", "a loopback"},
                 {"127.255.255.254", "a loopback"},
                 {"169.254.169.254", "a link-local"},
                 {"172.16.0.1", "a private"},
                 {"172.31.255.255", "a private"},
                 {"192.0.0.8", "a reserved"},
                 {"192.0.2.1", "a documentation"},
                 {"192.168.1.1", "a private"},
                 {"198.19.0.1", "a benchmarking"},
                 {"224.0.0.1", "a multicast"},
                 {"255.255.255.255", "a reserved"},
                 {"::", "an unspecified"},
                 {"::1", "a loopback"},
                 {"::ffff:127.0.0.1", "a loopback"},
                 {"::ffff:10.0.0.1", "a private"},
                 {"::127.0.0.1", "a loopback"},
                 {"64:ff9b::7f00:1", "a loopback"},
                 {"64:ff9b::a9fe:a9fe", "a link-local"},
                 {"2002:7f00:1::", "a loopback"},
                 {"2002:c0a8:101::1", "a private"},
                 {"fe80::1", "a link-local"},
                 {"fc00::1", "a unique local"},
                 {"fdff::1", "a unique local"},
                 {"ff02::1", "a multicast"},
                 {"2001:db8::1", "a documentation"},
                 {"2001::1", "a reserved"},
                 {"100::1", "a reserved"},
                 {"4000::1", "a reserved"}};
  const EgressRules rules;
  for (const auto& row : refused) {
    const auto address = make_address(row.address);
    EXPECT_FALSE(rules.allows(address)) << row.address;
    EXPECT_NE(EgressRules::refusal_of(address).find(row.what), std::string::npos) << row.address;
  }
}

TEST(Egress, PublicAddressesAreAllowed) {
  const EgressRules rules;
  for (const char* address :
       {"1.1.1.1", "11.0.0.1", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.167.255.255", "198.20.0.1",
        "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:1.1.1.1", "64:ff9b::101:101"})
    EXPECT_TRUE(rules.allows(make_address(address))) << address;
}

TEST(Egress, WhatIsListedIsAllowedAndNothingBesideIt) {
  const EgressRules rules({"10.1.2.3", "192.168.4.7/24", "fd12::/16", "::1"});
  for (const char* address : {"10.1.2.3", "192.168.4.0", "192.168.4.255", "::ffff:10.1.2.3", "fd12:1::9", "::1"})
    EXPECT_TRUE(rules.allows(make_address(address))) << address;
  for (const char* address : {"10.1.2.4", "192.168.5.0", "192.168.3.255", "fd13::1", "127.0.0.1"})
    EXPECT_FALSE(rules.allows(make_address(address))) << address;
}

TEST(Egress, AnythingCanBeAllowed) {
  const EgressRules rules({"0.0.0.0/0", "::/0"});
  for (const char* address : {"127.0.0.1", "169.254.169.254", "::1", "fe80::1"})
    EXPECT_TRUE(rules.allows(make_address(address))) << address;
}

TEST(Egress, WhatIsNoNetworkIsNamed) {
  for (const char* text : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "10.0.0.1 "}) {
    try {
      const EgressRules rules({"10.0.0.0/8", text});
      FAIL() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).find(text), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace countersign::push
