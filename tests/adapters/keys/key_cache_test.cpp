#include "adapters/keys/key_cache.h"

#include <gtest/gtest.h>

#include "adapters/keys/random.h"

namespace countersign::keys {
namespace {

Subject some_subject() {
  return {random_id<domain::AccountId>(1), random_id<domain::UserId>(2)};
}

TEST(KeyCache, FindsWhatWasInserted) {
  KeyCache cache(100);
  const Subject subject = some_subject();
  const Key key = random_key();
  EXPECT_FALSE(cache.find(subject));
  cache.insert(subject, key);
  ASSERT_TRUE(cache.find(subject));
  EXPECT_EQ(cache.find(subject)->view(), key.view());
}

TEST(KeyCache, ForgetsWhatWasErased) {
  KeyCache cache(100);
  const Subject subject = some_subject();
  cache.insert(subject, random_key());
  cache.erase(subject);
  cache.erase(subject);
  EXPECT_FALSE(cache.find(subject));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(KeyCache, StaysWithinItsCapacityAndKeepsWhatIsUsed) {
  KeyCache cache(160);
  const Subject used = some_subject();
  cache.insert(used, random_key());
  for (int i = 0; i < 10'000; ++i) {
    cache.insert(some_subject(), random_key());
    ASSERT_TRUE(cache.find(used));
  }
  EXPECT_LE(cache.size(), 160u);
}

TEST(Key, IsOverwrittenWhenItGoes) {
  alignas(Key) unsigned char place[sizeof(Key)];
  Key* const key = new (place) Key(random_key());
  key->~Key();
  for (const unsigned char byte : place) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace countersign::keys
