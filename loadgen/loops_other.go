//go:build !linux

package loadgen

import (
	"context"
	"errors"
	"runtime"
)

func newLoops(context.Context, *run) (transport, error) {
	return nil, errors.New("transport: loops needs Linux; this is " + runtime.GOOS)
}
