// Cursors: kept, forgotten, and begun anew when their database can't be read.

#include "adapters/exports/cursor_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/keys/random.h"
#include "tests/support/scratch_directory.h"

namespace countersign::exports {
namespace {

struct Cursors : ::testing::Test {
  testing::ScratchDirectory scratch;
  const std::filesystem::path directory = scratch / "exports";
  std::string warnings;
  const domain::SiemDestinationId id = keys::random_id<domain::SiemDestinationId>(1);
  const Cursor cursor{7, 42, 40, bus::FrameNumber{5}, keys::random_id<domain::EventId>(2), 3, 9};

  std::unique_ptr<CursorStore> open() {
    return std::make_unique<CursorStore>(directory, [this](std::string_view text) { warnings += text; });
  }
};

TEST_F(Cursors, AreThereAfterARestart) {
  open()->keep(id, cursor);
  EXPECT_EQ(open()->find(id), cursor);
  EXPECT_FALSE(open()->find(keys::random_id<domain::SiemDestinationId>(3)));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(Cursors, AreForgotten) {
  const auto store = open();
  store->keep(id, cursor);
  store->forget(id);
  store->forget(id);
  EXPECT_FALSE(store->find(id));
}

TEST_F(Cursors, BeginAnewWhenTheyCantBeRead) {
  open()->keep(id, cursor);
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().filename().string().starts_with("MANIFEST")) std::ofstream(entry.path()) << "damaged";
  EXPECT_FALSE(open()->find(id));
  EXPECT_NE(warnings.find("repeated"), std::string::npos) << warnings;
}

}  // namespace
}  // namespace countersign::exports
