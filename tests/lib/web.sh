# SPDX-License-Identifier: Apache-2.0
# A web server that demands a client certificate and tells what it saw. Sourced after common.sh.
# Sets: web_port, web_url.

port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

web_start() { # CARD-FOLDER (server.pem, server.key, ca.pem)
	local dir=$work/web
	mkdir -p "$dir/tmp"
	cp "$1/server.pem" "$1/server.key" "$1/ca.pem" "$dir/"
	for web_port in $(seq 44330 44360); do port_free "$web_port" && break; done
	web_url=https://localhost:$web_port/
	cat >"$dir/nginx.conf" <<END
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/error.log info;
events { worker_connections 64; }
http {
	access_log $dir/access.log;
	client_body_temp_path $dir/tmp/body;
	proxy_temp_path $dir/tmp/proxy;
	fastcgi_temp_path $dir/tmp/fastcgi;
	uwsgi_temp_path $dir/tmp/uwsgi;
	scgi_temp_path $dir/tmp/scgi;
	server {
		listen 127.0.0.1:$web_port ssl;
		server_name localhost;
		ssl_certificate $dir/server.pem;
		ssl_certificate_key $dir/server.key;
		ssl_client_certificate $dir/ca.pem;
		ssl_verify_client on;
		ssl_verify_depth 3;
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_session_cache off;
		ssl_session_tickets off;
		default_type text/plain;
		location / {
			return 200 "verify=\$ssl_client_verify\nsubject=\$ssl_client_s_dn\nprotocol=\$ssl_protocol\n";
		}
	}
}
END
	nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" >"$dir/out" 2>&1 &
	pids+=($!)
	wait_for web_up || {
		cat "$dir/out" "$dir/error.log" >&2
		die "nginx does not start"
	}
}

web_up() { ! port_free "$web_port"; }

# Fetches the page with the key and certificate of the SIM, by OpenSSL's engine.
web_fetch() { # TLS-VERSION (1.2 or 1.3) KEY-URI CERTIFICATE-URI
	PKCS11_MODULE_PATH=$module host curl -sS --max-time 30 "--tlsv$1" --tls-max "$1" \
		--cacert "$work/web/ca.pem" --engine pkcs11 --key-type ENG --key "$2" \
		--cert-type ENG --cert "$3" "$web_url"
}
