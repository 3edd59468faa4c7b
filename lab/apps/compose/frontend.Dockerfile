# Image of the frontend: files, served by an nginx of its own.
FROM nginx:stable
COPY site.conf /etc/nginx/conf.d/default.conf
COPY site/ /usr/share/nginx/html/
