package loadgen

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// programs are what the test binary does instead of testing when it is run
// again with a name in the environment: tests need small programs, too.
var programs = map[string]func(){}

// programVariable names the program in the environment.
const programVariable = "LOADGEN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv(programVariable)]; ok {
		program()
		return
	}
	// Runs wait for their schedules most of the time; a command line that says
	// otherwise wins.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
