package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ssegauge/ssegauge/bench/tick"
)

// nchanModules are where distributions put the module.
var nchanModules = []string{"/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/lib64/nginx/modules/ngx_nchan_module.so"}

const nchanInstall = "apt-get install nginx-light libnginx-mod-nchan"

// findNchan returns the paths of nginx and of nchan's module.
func findNchan() (nginx, module string, err error) {
	nginx, err = exec.LookPath("nginx")
	if err != nil {
		// Not every user has the folder of servers in the path.
		nginx, err = exec.LookPath("/usr/sbin/nginx")
	}
	if err != nil {
		return "", "", &skipped{"nginx is not installed (" + nchanInstall + ")"}
	}
	for _, module := range nchanModules {
		if _, err := os.Stat(module); err == nil {
			return nginx, module, nil
		}
	}
	return "", "", &skipped{"nginx has no nchan (" + nchanInstall + ")"}
}

// serveNchan starts nginx, and a publisher in this process. A free port may be
// taken before nginx has it, so others are tried.
func (l *lab) serveNchan(ctx context.Context, rate float64, size int) (*sender, error) {
	nginx, module, err := findNchan()
	if err != nil {
		return nil, err
	}
	var s *sender
	for range 5 {
		if s, err = l.startNginx(ctx, nginx, module); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	publishing, cancel := context.WithCancel(ctx)
	var publisher sync.WaitGroup
	publisher.Go(func() {
		to := fmt.Sprintf("http://127.0.0.1:%d/publish", s.port)
		if err := publish(publishing, to, rate, size); err != nil {
			l.log("nchan: publishing ended: %v", err)
		}
	})
	s.end = append(s.end, func() { cancel(); publisher.Wait() })
	return s, nil
}

func (l *lab) startNginx(ctx context.Context, nginx, module string) (*sender, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(l.folder, "nginx-")
	if err != nil {
		return nil, err
	}
	config, err := nchanConfig(folder, module, port)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	p, err := l.start(nginx, "-p", folder+"/", "-e", "stderr", "-c", path)
	if err != nil {
		return nil, err
	}
	err = until(ctx, startTime, "nginx answers", func() bool {
		select {
		case <-p.done:
			return true
		default:
		}
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/folder", port))
		if err != nil {
			return false
		}
		defer response.Body.Close()
		said, err := io.ReadAll(io.LimitReader(response.Body, 4096))
		return err == nil && string(said) == folder
	})
	select {
	case <-p.done:
		err = p.failure()
	default:
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return &sender{process: p, port: port, path: "/events"}, nil
}

func nchanConfig(folder, module string, port int) (string, error) {
	account := ""
	if os.Getuid() == 0 {
		// Workers keep the user who may write to the folder.
		me, err := user.Current()
		if err != nil {
			return "", err
		}
		account = "user " + me.Username + ";"
	}
	return fmt.Sprintf(`daemon off;
worker_processes 2;
worker_rlimit_nofile 20000;
pid %[1]s/nginx.pid;
error_log stderr warn;
%[2]s
load_module %[3]s;
events { worker_connections 19000; }
http {
    access_log off;
    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
    nchan_shared_memory_size 512M;
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:%[4]d backlog=4096;
        location = /folder { return 200 "%[1]s"; }
        location = /events {
            nchan_subscriber eventsource;
            nchan_subscriber_first_message newest;
            nchan_subscriber_timeout 0;
            nchan_channel_id t;
        }
        location = /publish {
            nchan_publisher;
            nchan_channel_id t;
            nchan_message_buffer_length 10000;
            nchan_message_timeout 1m;
        }
    }
}
`, folder, account, module, port), nil
}

// publish posts events on the schedule until ctx ends.
func publish(ctx context.Context, to string, rate float64, size int) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	return tick.Every(ctx, rate, size, func(data string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(data))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "text/plain")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode >= 300 {
			return fmt.Errorf("publish was answered %s", response.Status)
		}
		return nil
	})
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
